"""The few materials of a voxel lie side by side and are taken in one stride, as a vector of the processor.

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
