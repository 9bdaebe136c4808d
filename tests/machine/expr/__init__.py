"""Tests of the expression language and of templates."""
