"""Decorators that switch the recording of gradients."""

import torchlite as torch


def test_a_switched_generator_can_be_thrown_into_and_closed():
    states = []

    @torch.no_grad()
    def numbers():
        try:
            yield 1
        except ValueError:
            states.append(torch.is_grad_enabled())
            yield 2
        finally:
            states.append(torch.is_grad_enabled())

    generator = numbers()
    next(generator)
    assert generator.throw(ValueError()) == 2
    generator.close()
    assert states == [False, False]
    assert torch.is_grad_enabled()
