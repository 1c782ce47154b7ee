"""One rule, read several ways.

A gradient rule, and the default body of a composite, is plain code against a namespace ``xp``::

    tanh: lambda xp, g, out: xp.mul(g, xp.sub(1, xp.square(out)))

What it means depends on what ``xp`` is and on what its arrays are:

==================  =======================================  =====================================
``xp``              its arrays                               what the rule gives
==================  =======================================  =====================================
a backend           arrays of that backend                   the gradient: `loss.backward()`
`Recorded`          tensors, and what runs is recorded       a gradient that has gradients itself
`Differentiable`    the same, and writes are recorded too    a step of an optimizer with a gradient
`Forward`           duals: a value with its tangent          forward mode, `torch.func.jvp`
`Batching`          batches that show one example            `torch.func.vmap`
==================  =======================================  =====================================

Each is a `Backend`: operations ask the backend in use, `local.mode.xp`, and an interpreter is put
in its place for the time of a call. `Forward` and `Batching` wrap the backend that was in use
before, so they nest: `vmap` of `jvp` of `vmap`. What they do with a method follows from its `Spec`
(`torchlite.backends.spec`): what is linear applies itself to the tangent, what is elementwise
broadcasts over the batch. Only methods that need more have a rule of their own.
"""
