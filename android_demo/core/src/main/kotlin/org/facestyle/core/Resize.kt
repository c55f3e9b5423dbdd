package org.facestyle.core

import kotlin.math.abs
import kotlin.math.ceil
import kotlin.math.max
import kotlin.math.min

/**
 * The middle of a picture, scaled: what `facestyle.images.cover` makes of the same 8 bits.
 *
 * The picture is scaled until it covers the wanted size, antialiased and bicubic, and its middle
 * taken. Weights and sums are floats in PyTorch's order; it may fuse a multiplication with an
 * addition where we cannot, so a value that lies half way between two steps may come out as the
 * other one.
 *
 * @param argb [width] x [height], row by row; alpha is ignored.
 * @param width of the picture, in pixels.
 * @param height of the picture, in pixels.
 * @param outWidth of the result, in pixels.
 * @param outHeight of the result, in pixels.
 * @return opaque ARGB, row by row.
 */
fun cover(argb: IntArray, width: Int, height: Int, outWidth: Int, outHeight: Int): IntArray {
    require(argb.size >= width * height) { "$width x $height pixels do not fit in ${argb.size}" }
    val scale = max(outHeight.toDouble() / height, outWidth.toDouble() / width)
    val columns = Middle(width, outWidth, scale)
    val rows = Middle(height, outHeight, scale)
    val across = columns.taps()
    val down = rows.taps()
    val narrow = FloatArray(3 * outWidth * rows.kept)
    for (row in 0 until rows.kept) {
        val from = (rows.cut + row) * width + columns.cut
        scaleRow(argb, from, across, narrow, 3 * outWidth * row)
    }
    val out = IntArray(outWidth * outHeight)
    for (row in 0 until outHeight) scaleColumns(narrow, down, row, outWidth, out)
    return out
}

private fun scaleRow(argb: IntArray, from: Int, taps: Taps, out: FloatArray, to: Int) {
    val unit = ImageRange.UNIT.values
    for (target in taps.first.indices) {
        var red = 0f
        var green = 0f
        var blue = 0f
        val weights = taps.weights[target]
        for (i in weights.indices) {
            val pixel = argb[from + taps.first[target] + i]
            red += unit[red(pixel)] * weights[i]
            green += unit[green(pixel)] * weights[i]
            blue += unit[blue(pixel)] * weights[i]
        }
        out[to + 3 * target] = red
        out[to + 3 * target + 1] = green
        out[to + 3 * target + 2] = blue
    }
}

private fun scaleColumns(narrow: FloatArray, taps: Taps, row: Int, width: Int, out: IntArray) {
    val weights = taps.weights[row]
    for (column in 0 until width) {
        var red = 0f
        var green = 0f
        var blue = 0f
        var from = 3 * (width * taps.first[row] + column)
        for (weight in weights) {
            red += narrow[from] * weight
            green += narrow[from + 1] * weight
            blue += narrow[from + 2] * weight
            from += 3 * width
        }
        out[width * row + column] = ImageRange.UNIT.argb(red, green, blue)
    }
}

/**
 * One axis of [cover].
 *
 * @param side of the picture along it.
 * @param wanted of the result.
 * @param scale of both axes.
 */
private class Middle(side: Int, private val wanted: Int, scale: Double) {
    /** Of the picture, without the far ends of a sliver, which go before it is scaled. */
    val kept = min(side.toDouble(), ceil(4 * wanted / scale)).toInt()

    /** How much of the picture is left out before [kept]. */
    val cut = (side - kept) / 2

    private val scaled = max(wanted.toDouble(), Math.rint(kept * scale)).toInt()

    /** Only those of the middle. */
    fun taps() = Taps(kept, scaled, (scaled - wanted) / 2, wanted)
}

/**
 * PyTorch's weights of `interpolate(mode="bicubic", antialias=True)` along one axis.
 *
 * @param source samples that there are.
 * @param target samples that the axis is scaled to.
 * @param from the first target of interest.
 * @param count of the targets of interest.
 */
private class Taps(source: Int, target: Int, from: Int, count: Int) {
    /** The first sample of each target. */
    val first = IntArray(count)

    /** Of the samples from [first] on. */
    val weights: Array<FloatArray>

    init {
        val scale = source.toFloat() / target
        val support = if (scale >= 1f) 2f * scale else 2f
        val inverse = if (scale >= 1f) (1.0 / scale).toFloat() else 1f
        weights = Array(count) {
            // Where these are doubles, PyTorch's are too, by its 0.5; its variables are floats.
            val center = (scale * (from + it + 0.5)).toFloat()
            val begin = max((center - support + 0.5).toInt(), 0)
            val end = min((center + support + 0.5).toInt(), source)
            first[it] = begin
            val found = FloatArray(end - begin) { i ->
                cubic(((i + begin - center + 0.5) * inverse).toFloat())
            }
            var total = 0f
            for (weight in found) total += weight
            for (i in found.indices) found[i] /= total
            found
        }
    }
}

/** Keys' cubic convolution kernel with a = -0.5, in PyTorch's order of operations. */
private fun cubic(at: Float): Float {
    val x = abs(at)
    return when {
        x < 1f -> ((A + 2f) * x - (A + 3f)) * x * x + 1f
        x < 2f -> ((A * x - 5f * A) * x + 8f * A) * x - 4f * A
        else -> 0f
    }
}

private const val A = -0.5f
