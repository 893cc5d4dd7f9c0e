"""Scripts for developers: nothing at run time imports them."""
