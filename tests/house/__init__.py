"""Tests that guard the house itself: its layout, its words, its pages, its settings, its migrations."""
