"""What of an expression can matter in a block: layers that are there, nodes that they need, cones that can be deepest.

A level of the desk holds what could matter in a block; the next one gets what can matter in this part of it.
"""

from phantoms.solids.arithmetic import FAR, inlined, smooth
from phantoms.solids.bounds import cone_bounds, leaf_bounds
from phantoms.solids.program import (
    ALL_BUT,
    BOTH,
    CONE,
    EITHER,
    FILLET,
    FIRST,
    HIGHEST,
    LAST,
    LOWEST,
    OPERATION,
    SHIFTED,
    SMOOTH,
    SUM,
    TUBE,
    VALUE,
    A,
    B,
)

UNDECIDED, A_ALONE, B_ALONE = 0, 1, 2


@inlined
def bound(level, x, y, z, reach, numbers, desk):
    """Bounds of every node of a level within `reach` of a point."""
    nodes, values, low, high, least, most = desk.nodes, desk.values, desk.low, desk.high, desk.least, desk.most
    cone_bounds(x, y, z, reach, desk.cones, level, desk.cone_count[level], least, most)
    for m in range(desk.node_count[level]):
        operation, a, b = nodes[level, m, OPERATION], nodes[level, m, A], nodes[level, m, B]
        if operation == TUBE:
            below, above = -FAR, -FAR
            for c in range(nodes[level, m, FIRST], nodes[level, m, LAST]):
                below, above = max(below, least[c]), max(above, most[c])
            low[m], high[m] = below, above
        elif operation == EITHER:
            low[m], high[m] = max(low[a], low[b]), max(high[a], high[b])
        elif operation == BOTH:
            low[m], high[m] = min(low[a], low[b]), min(high[a], high[b])
        elif operation == ALL_BUT:
            low[m], high[m] = -high[a], -low[a]
        elif operation == SHIFTED:
            shift = values[level, m, VALUE]
            low[m], high[m] = low[a] + shift, high[a] + shift
        elif operation == SMOOTH:
            width = values[level, m, VALUE]
            low[m], high[m] = smooth(low[a], low[b], width), smooth(high[a], high[b], width)
        elif operation == SUM:
            low[m], high[m] = low[a] + low[b], high[a] + high[b]
        else:
            low[m], high[m] = leaf_bounds(operation, x, y, z, reach, numbers, nodes[level, m, FIRST])


@inlined
def keep_layers(level, margin, program, desk):
    """Hand down the layers that have a surface in the block, and the one that fills it under them.

    Layers at the bottom that are of no interest are left out. True if all is of one structure and tissue.
    """
    layers, roots, low, high = desk.layers, desk.root, desk.low, desk.high
    label, tissue, below = program.label, program.tissue, level + 1
    kept, under = 0, desk.under[level]
    for m in range(desk.layer_count[level]):
        root = roots[level, m]
        if low[root] > margin:
            under = layers[level, m]
            break
        if high[root] > -margin:
            layers[below, kept], roots[below, kept] = layers[level, m], root
            kept += 1
    if under >= 0 and not label[under]:
        under = -1
    while under < 0 and kept and not label[layers[below, kept - 1]]:
        kept -= 1
    desk.layer_count[below], desk.under[below] = kept, under
    others = 0
    for m in range(kept):
        layer = layers[below, m]
        others += label[layer] != label[under] or tissue[layer] != tissue[under]
    return under >= 0 and others == 0


@inlined
def mark_needed(level, margin, desk):
    """Mark the nodes that the kept layers need: roots, and of each needed node the children that can decide."""
    nodes, values, needed, decides = desk.nodes, desk.values, desk.needed, desk.decides
    roots, low, high, count = desk.root, desk.low, desk.high, desk.node_count[level]
    for m in range(count):
        needed[m] = False
    for m in range(desk.layer_count[level + 1]):
        needed[roots[level + 1, m]] = True
    for m in range(count - 1, -1, -1):
        if not needed[m]:
            continue
        operation, a, b = nodes[level, m, OPERATION], nodes[level, m, A], nodes[level, m, B]
        decides[m] = UNDECIDED
        if b >= 0 and operation != SUM:
            value, lowest, highest = values[level, m, VALUE], values[level, m, LOWEST], values[level, m, HIGHEST]
            if operation == BOTH:
                decides[m] = winner(-high[a], -low[a], -high[b], -low[b], value, -highest - margin)
            else:
                decides[m] = winner(low[a], high[a], low[b], high[b], value, lowest - margin - FILLET * value)
        if a >= 0 and decides[m] != B_ALONE:
            needed[a] = True
        if b >= 0 and decides[m] != A_ALONE:
            needed[b] = True


@inlined
def winner(low_a, high_a, low_b, high_b, width, outside):
    """The child that alone is the greater one over the whole block, or has the other too far `outside` to matter."""
    if low_a >= high_b + width or high_b <= outside:
        return A_ALONE
    return B_ALONE if low_b >= high_a + width or high_a <= outside else UNDECIDED


@inlined
def keep_nodes(level, margin, desk):
    """Hand down the needed nodes, and the cones that can be deepest; a child that alone decides stands for its node."""
    nodes, values, cones, below = desk.nodes, desk.values, desk.cones, level + 1
    needed, decides, stands, low, most, roots = desk.needed, desk.decides, desk.stands, desk.low, desk.most, desk.root
    kept = kept_cones = 0
    for m in range(desk.node_count[level]):
        if not needed[m]:
            continue
        a, b = nodes[level, m, A], nodes[level, m, B]
        if decides[m] != UNDECIDED:
            stands[m] = stands[a if decides[m] == A_ALONE else b]
            continue
        stands[m] = kept
        for i in range(LAST + 1):
            nodes[below, kept, i] = nodes[level, m, i]
        for i in range(HIGHEST + 1):
            values[below, kept, i] = values[level, m, i]
        if nodes[level, m, OPERATION] == TUBE:
            nodes[below, kept, FIRST] = kept_cones
            least = max(low[m], values[level, m, LOWEST] - margin)
            kept_cones = keep_cones(
                level, nodes[level, m, FIRST], nodes[level, m, LAST], least, most, cones, kept_cones
            )
            nodes[below, kept, LAST] = kept_cones
        if a >= 0:
            nodes[below, kept, A] = stands[a]
        if b >= 0:
            nodes[below, kept, B] = stands[b]
        kept += 1
    desk.node_count[below], desk.cone_count[below] = kept, kept_cones
    for m in range(desk.layer_count[below]):
        roots[below, m] = stands[roots[below, m]]


@inlined
def keep_cones(level, first, last, least, most, cones, kept):
    """Hand down the cones `first` to `last` that can be deeper than `least`, after those that are kept; their count."""
    for c in range(first, last):
        if most[c] >= least:
            for i in range(CONE):
                cones[level + 1, i, kept] = cones[level, i, c]
            kept += 1
    return kept
