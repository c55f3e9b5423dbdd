package org.facestyle.core

/**
 * What a network takes 8 bits for: [low] is 0, [high] is the greatest, and those between them lie
 * evenly, `value = low + pixel / 255 * (high - low)`. A manifest says it of each image.
 */
data class ImageRange(
    /** Of black. */
    val low: Float,
    /** Of white; above [low]. */
    val high: Float,
) {
    init {
        require(low < high) { "$low is not below $high" }
    }

    /** Of each of the 256 pixels, in the order in which `Port.from_unit` computes in Python. */
    internal val values = FloatArray(MAXIMUM + 1) { it / MAXIMUM.toFloat() * (high - low) + low }

    private val pixelsPerUnit = MAXIMUM / (high - low)

    /** The nearest pixel to [value], clamped; halves to the even one as PyTorch does. */
    internal fun eightBit(value: Float): Int {
        val pixel = ((value - low) * pixelsPerUnit).coerceIn(0f, MAXIMUM.toFloat())
        // A float of this size has no bits left for fractions: adding rounds, and the pixel is its
        // lowest bits. Several times as fast as rint on phones, and the same.
        return (pixel + NO_FRACTIONS).toRawBits() and MAXIMUM
    }

    /** An opaque pixel from the values of its channels, as [eightBit] has each. */
    internal fun argb(red: Float, green: Float, blue: Float): Int =
        OPAQUE or (eightBit(red) shl 16) or (eightBit(green) shl 8) or eightBit(blue)

    companion object {
        /** From 0 to 1: what this package itself computes in, whatever a network takes. */
        val UNIT = ImageRange(0f, 1f)

        /** 2 to the 23rd: from here on, floats are whole numbers. */
        private const val NO_FRACTIONS = 8388608f
    }
}
