"""Operations: each is its semantics, one call to a primitive, and a gradient rule."""
