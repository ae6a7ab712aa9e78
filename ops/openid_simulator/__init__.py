"""An OpenID provider to sign in by on a developer's machine: whoever says who they are is believed."""
