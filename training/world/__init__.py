"""The next domain: scenes of up to four objects, backgrounds and styles, with what people say about them."""
