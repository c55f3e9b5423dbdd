"""Which of two painters people prefer, without knowing whose picture is whose."""
