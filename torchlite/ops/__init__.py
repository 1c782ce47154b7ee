"""Operations: semantics, one call of a primitive, and its gradient rule."""
