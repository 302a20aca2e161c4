"""A pytest plugin for mutation testing: hypothesis does not look for the smallest failing example, which takes long."""

from hypothesis import Phase, settings

settings.register_profile("first_failure", phases=(Phase.explicit, Phase.generate), database=None)
settings.load_profile("first_failure")
