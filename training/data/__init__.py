"""The embedded model's world: words, sprites, scenes, language, splits and tokenizer."""
