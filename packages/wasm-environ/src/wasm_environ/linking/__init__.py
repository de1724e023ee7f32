"""From compiled code to a loadable image: layout, relocation, and the artifact, once for every backend."""
