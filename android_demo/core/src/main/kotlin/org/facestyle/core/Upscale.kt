package org.facestyle.core

import kotlin.math.max
import kotlin.math.min

/**
 * A small painting brought to the size of its photo: its strokes, and the photo's own edges.
 *
 * Around every pixel of the small photo, each channel of the painting is fitted as
 * `painted = a * photo + b`; `a` varies slowly, so it can be enlarged and applied to the large
 * photo. This is the fast guided filter (He and Sun 2015, https://arxiv.org/abs/1505.00996), with
 * each channel as its own guide, so that edges between colours equally bright stay too. What of
 * the painting is not linear in the photo, such as its strokes, is enlarged as it is, where the
 * filter would leave it out: at the small size the result is the painting itself.
 *
 * @param low the whole photo, scaled to [lowWidth] x [lowHeight], ARGB row by row.
 * @param painted what the network made of [low], alike.
 * @param lowWidth in pixels.
 * @param lowHeight in pixels.
 * @param radius of the windows: `2 * radius + 1` pixels of [low] square, cut off at the edges.
 * @param epsilon variance of the photo, in 0..1 squared, below which `a` goes towards 0: flat
 *   parts take the painting's smooth colour rather than the photo's noise.
 */
class GuidedUpscale(
    low: IntArray,
    painted: IntArray,
    private val lowWidth: Int,
    private val lowHeight: Int,
    radius: Int = 4,
    epsilon: Float = 1e-3f,
) {
    /** For each pixel of the small photo: a and b of red, of green, of blue. */
    private val coefficients = FloatArray(COEFFICIENTS * lowWidth * lowHeight)

    init {
        val pixels = lowWidth * lowHeight
        require(low.size >= pixels && painted.size >= pixels) {
            "both pictures must be $lowWidth x $lowHeight pixels"
        }
        val mean = BoxMean(lowWidth, lowHeight, radius)
        fun channel(argb: IntArray, shift: Int) =
            FloatArray(pixels) { unit[argb[it] shr shift and MAXIMUM] }
        SHIFTS.forEachIndexed { i, shift ->
            fit(channel(low, shift), channel(painted, shift), mean, epsilon, 2 * i)
        }
    }

    /**
     * One channel's least squares in every window; the slope averaged over the windows of a pixel,
     * and the offset that gives its painted value.
     */
    private fun fit(photo: FloatArray, wanted: FloatArray, mean: BoxMean, epsilon: Float, to: Int) {
        val meanPhoto = mean.of(photo)
        val meanWanted = mean.of(wanted)
        val meanSquare = mean.of(FloatArray(photo.size) { photo[it] * photo[it] })
        val meanProduct = mean.of(FloatArray(photo.size) { photo[it] * wanted[it] })
        val a = FloatArray(photo.size) {
            val covariance = meanProduct[it] - meanPhoto[it] * meanWanted[it]
            val variance = meanSquare[it] - meanPhoto[it] * meanPhoto[it]
            covariance / (max(variance, 0f) + epsilon)
        }
        val meanA = mean.of(a)
        for (i in photo.indices) {
            coefficients[COEFFICIENTS * i + to] = meanA[i]
            coefficients[COEFFICIENTS * i + to + 1] = wanted[i] - meanA[i] * photo[i]
        }
    }

    /**
     * Paints some rows of the large photo; strips of any height give the same pixels.
     *
     * @param photo the strip's pixels alone, [width] x [rows], ARGB row by row: index 0 is the
     *   first pixel of row [top].
     * @param width of the photo, in pixels.
     * @param height of the whole photo, in pixels.
     * @param top the strip's first row.
     * @param rows of the strip.
     * @param out the painted strip, as [photo], opaque; may be the same array.
     */
    fun strip(photo: IntArray, width: Int, height: Int, top: Int, rows: Int, out: IntArray) {
        require(top >= 0 && rows >= 0 && top + rows <= height) {
            "rows $top until ${top + rows} are not in a photo of $height rows"
        }
        val across = Lerp(width, lowWidth)
        val down = Lerp(height, lowHeight)
        val line = FloatArray(COEFFICIENTS * lowWidth)
        for (row in 0 until rows) {
            blendRows(down.first[top + row], down.share[top + row], line)
            for (i in row * width until (row + 1) * width) {
                out[i] = paint(photo[i], line, across, i - row * width)
            }
        }
    }

    /** Coefficients between two rows of the small photo. */
    private fun blendRows(first: Int, share: Float, line: FloatArray) {
        val above = first * line.size
        val below = min(first + 1, lowHeight - 1) * line.size
        for (i in line.indices) {
            line[i] = lerp(coefficients[above + i], coefficients[below + i], share)
        }
    }

    private fun paint(pixel: Int, line: FloatArray, across: Lerp, column: Int): Int {
        val left = COEFFICIENTS * across.first[column]
        val right = COEFFICIENTS * min(across.first[column] + 1, lowWidth - 1)
        val share = across.share[column]
        fun at(i: Int) = lerp(line[left + i], line[right + i], share)
        return ImageRange.UNIT.argb(
            at(0) * unit[red(pixel)] + at(1),
            at(2) * unit[green(pixel)] + at(3),
            at(4) * unit[blue(pixel)] + at(5),
        )
    }

    /** Which two small pixels each large one lies between, and the share of the second. */
    private class Lerp(large: Int, small: Int) {
        val first = IntArray(large)
        val share = FloatArray(large)

        init {
            for (i in 0 until large) {
                // Pixels are areas: their middles are at halves in both pictures.
                val at = ((i + 0.5) * small / large - 0.5).coerceIn(0.0, small - 1.0)
                first[i] = at.toInt()
                share[i] = (at - first[i]).toFloat()
            }
        }
    }

    private companion object {
        val unit = ImageRange.UNIT.values

        /** Of red, green and blue in a pixel. */
        val SHIFTS = intArrayOf(16, 8, 0)

        /** A slope and an offset for each channel. */
        const val COEFFICIENTS = 6

        fun lerp(first: Float, second: Float, share: Float): Float =
            first + (second - first) * share
    }
}
