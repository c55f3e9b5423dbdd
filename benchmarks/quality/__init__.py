"""How much style is reached and how well the face is kept: ``facestyle evaluate quality``."""
