"""The human body, region by region, as solids in one reference body (176 cm, 73 kg; mm; z = 0 in the middle of T9).

x points to the patient's right, y to the front, z up. A region file says which solids it is made of and returns them as
layers, the topmost first; `phantoms.anatomy.patient` puts the regions on top of each other.
"""
