"""What tables and pages say of a protocol."""

from denoiser.metrics.protocols import PROTOCOLS


def test_only_figures_of_unclipped_noise_are_said_to_be_comparable():
    assert list(PROTOCOLS) == ["published", "clipped"]
    published, clipped = PROTOCOLS["published"], PROTOCOLS["clipped"]
    assert "not clipped" in published.short and "not clipped, as in the published tables" in published.long
    assert "noisy input and output clamped" in clipped.short and "cannot be compared with published" in clipped.long
    assert "cannot" not in published.long
