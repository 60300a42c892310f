"""Under pytest every jaxtyping annotation of the package is checked at run time by beartype."""

from jaxtyping import install_import_hook

install_import_hook("edgewise", "beartype.beartype")
