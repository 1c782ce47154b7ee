"""One rule, several interpretations.

A gradient rule, or the default body of a composite, is plain code against a namespace ``xp``::

    tanh: lambda xp, g, out: xp.mul(g, xp.sub(1, xp.square(out)))

Its meaning depends on ``xp`` and its arrays:

==================  =======================================  =====================================
``xp``              its arrays                               what the rule computes
==================  =======================================  =====================================
a backend           arrays of that backend                   the gradient: `loss.backward()`
`Recorded`          tensors; primitives are recorded         a differentiable gradient
`Differentiable`    the same; writes are recorded too        a differentiable optimizer step
`Forward`           dual numbers: a value and its tangent    forward mode, `torch.func.jvp`
`Batching`          batches that look like one example       `torch.func.vmap`
==================  =======================================  =====================================

Each is a `Backend`: operations call the backend in use, `local.mode.xp`, which an interpreter
replaces for the duration of a call. `Forward` and `Batching` wrap the backend that was in use
before, so they nest: `vmap` of `jvp` of `vmap`. How they handle a method follows from its `Spec`
(`torchlite.backends.spec`): a linear method is applied to the tangent, an elementwise one
broadcasts over the batch. Only methods that need more have a specific rule.
"""
