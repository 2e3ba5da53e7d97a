"""How a heart beats: its rhythm, the volume of its left ventricle, and the map that its muscle follows."""
