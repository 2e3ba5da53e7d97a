"""Numbers that lie side by side are taken in one stride, as a vector of the processor: the materials of a voxel, or the
voxels of a column.

numba would take them one by one, since nothing tells it that the arrays do not overlap.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

MOST = 16
"""Materials in one pass: a vector wider than this no longer fits the registers."""


def lanes(count: int) -> tuple[int, ...]:
    """`count` lanes, told by the type, so that each count has a kernel of its own."""
    return (0,) * count


def _look_up(_typing, out, at, table, index, share, lanes):
    """Put into out[at], out[at + 1] ... lane by lane what the table holds between `index` and the entry after it.

    (1 - share) table[index] + share table[index + lanes]; `at` and `index` point at the first lane.
    """
    count = lanes.count
    signature = types.void(out, at, table, index, share, lanes)

    def code(context, builder, signature, values):
        vector, flags = ir.VectorType(ir.FloatType(), count), ["contract"]
        undefined = ir.Constant(vector, ir.Undefined)
        first_everywhere = ir.Constant(ir.VectorType(ir.IntType(32), count), [0] * count)

        def entry(array, index):
            data = context.make_array(signature.args[array])(context, builder, values[array]).data
            return builder.bitcast(builder.gep(data, [index]), vector.as_pointer())

        following = builder.add(values[3], ir.Constant(values[3].type, count))
        low, high = (builder.load(entry(2, index), align=4) for index in (values[3], following))
        first = builder.insert_element(undefined, values[4], ir.Constant(ir.IntType(32), 0))
        shares = builder.shuffle_vector(first, undefined, first_everywhere)
        mixed = builder.fadd(low, builder.fmul(shares, builder.fsub(high, low), flags=flags), flags=flags)
        builder.store(mixed, entry(0, values[1]), align=4)
        return context.get_dummy_value()

    return signature, code


look_up: Any = intrinsic(_look_up)


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
