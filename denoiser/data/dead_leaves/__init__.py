"""Pictures that the project draws itself: dead leaves and scenes."""
