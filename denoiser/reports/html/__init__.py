"""Pages: templates, plots and the viewer of pictures."""
