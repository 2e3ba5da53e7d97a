"""Numbers that lie side by side are taken in one stride, as a vector of the processor: the materials of a voxel, or the
voxels of a column.

numba would take them one by one, since nothing tells it that the arrays do not overlap.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

MOST = 16
"""Materials in one pass: a vector wider than this no longer fits the registers."""


def lanes(count: int) -> tuple[int, ...]:
    """`count` lanes, told by the type, so that each count has a kernel of its own."""
    return (0,) * count


def _add_between(_typing, out, table, index, share, start, stop, lanes):
    """Add to out[n], lane by lane, what the table holds at border n + 1 less what it holds at border n.

    n from `start` up to `stop`. Border n lies at (1 - share[n]) table[index[n]] + share[n] table[index[n] + lanes];
    `index` points at the first lane. What one border holds stays in the processor until the next one is known.
    """
    count = lanes.count
    signature = types.void(out, table, index, share, start, stop, lanes)
    lane, whole = ir.FloatType(), ir.IntType(64)
    vector, flags = ir.VectorType(lane, count), ["contract"]

    def code(context, builder, signature, values):
        places = [context.make_array(signature.args[n])(context, builder, values[n]).data for n in range(4)]
        out, table, index, share = places
        undefined = ir.Constant(vector, ir.Undefined)
        first_everywhere = ir.Constant(ir.VectorType(ir.IntType(32), count), [0] * count)

        def entry(array, at):
            return builder.bitcast(builder.gep(array, [at]), vector.as_pointer())

        def border(n):
            at = builder.zext(builder.load(builder.gep(index, [n])), whole)
            following = builder.add(at, ir.Constant(whole, count))
            low, high = (builder.load(entry(table, place), align=4) for place in (at, following))
            part = builder.load(builder.gep(share, [n]))
            first = builder.insert_element(undefined, part, ir.Constant(ir.IntType(32), 0))
            shares = builder.shuffle_vector(first, undefined, first_everywhere)
            return builder.fadd(low, builder.fmul(shares, builder.fsub(high, low), flags=flags), flags=flags)

        before = cgutils.alloca_once_value(builder, border(values[4]))
        with cgutils.for_range_slice(builder, values[4], values[5], ir.Constant(whole, 1), whole) as (n, _):
            now = border(builder.add(n, ir.Constant(whole, 1)))
            place = entry(out, builder.mul(n, ir.Constant(whole, count)))
            more = builder.fsub(now, builder.load(before))
            builder.store(builder.fadd(builder.load(place, align=4), more), place, align=4)
            builder.store(now, before)
        return context.get_dummy_value()

    return signature, code


add_between: Any = intrinsic(_add_between)


TOGETHER = 8
"""Places that `look_along` takes in one stride."""


def _look_along(_typing, out, at, table, start, step, last):
    """Put into out[at], out[at + 1] ... TOGETHER places what the table holds at start, start + step ..., linearly.

    Before 0 and after `last` it goes on as it ends; the entry after `last` has to be there.
    """
    signature = types.void(out, at, table, start, step, last)
    float32, int32 = ir.FloatType(), ir.IntType(32)
    floats, ints, pair = (ir.VectorType(kind, n) for kind, n in ((float32, TOGETHER), (int32, TOGETHER), (float32, 2)))
    flags = ["contract"]

    def code(context, builder, signature, values):
        undefined = ir.Constant(floats, ir.Undefined)

        def data(array):
            return context.make_array(signature.args[array])(context, builder, values[array]).data

        def everywhere(value):
            first = builder.insert_element(undefined, value, ir.Constant(int32, 0))
            return builder.shuffle_vector(first, undefined, ir.Constant(ints, [0] * TOGETHER))

        def limited(value, order, end):
            return builder.select(builder.fcmp_ordered(order, value, end), value, end)

        def joined(one, other):
            order = ir.Constant(ir.VectorType(int32, 2 * one.type.count), list(range(2 * one.type.count)))
            return builder.shuffle_vector(one, other, order)

        steps = ir.Constant(floats, [float(n) for n in range(TOGETHER)])
        place = builder.fadd(
            everywhere(values[3]), builder.fmul(everywhere(values[4]), steps, flags=flags), flags=flags
        )
        place = limited(limited(place, ">", ir.Constant(floats, [0.0] * TOGETHER)), "<", everywhere(values[5]))
        whole = builder.fptosi(place, ints)
        share = builder.fsub(place, builder.sitofp(whole, floats), flags=flags)

        neighbours = []
        for lane in range(TOGETHER):
            entry = builder.zext(builder.extract_element(whole, ir.Constant(int32, lane)), ir.IntType(64))
            address = builder.bitcast(builder.gep(data(2), [entry]), pair.as_pointer())
            neighbours.append(builder.load(address, align=4))
        while len(neighbours) > 1:
            neighbours = [joined(*two) for two in zip(neighbours[::2], neighbours[1::2], strict=True)]
        low, high = (
            builder.shuffle_vector(neighbours[0], neighbours[0], ir.Constant(ints, list(range(side, 2 * TOGETHER, 2))))
            for side in (0, 1)
        )
        mixed = builder.fadd(low, builder.fmul(share, builder.fsub(high, low), flags=flags), flags=flags)
        builder.store(mixed, builder.bitcast(builder.gep(data(0), [values[1]]), floats.as_pointer()), align=4)
        return context.get_dummy_value()

    return signature, code


look_along: Any = intrinsic(_look_along)
