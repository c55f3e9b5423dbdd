package org.facestyle.core

/** The alpha of a picture that nothing shines through. */
internal const val OPAQUE = 0xFF shl 24

internal fun red(argb: Int): Int = argb shr 16 and 0xFF

internal fun green(argb: Int): Int = argb shr 8 and 0xFF

internal fun blue(argb: Int): Int = argb and 0xFF

/** An opaque pixel from channels in 0..1, each clamped and rounded. */
internal fun argb(red: Float, green: Float, blue: Float): Int =
    OPAQUE or (eightBit(red) shl 16) or (eightBit(green) shl 8) or eightBit(blue)

/** [value] in 0..1, clamped, in steps of 1/255, halves to the even one as PyTorch does. */
internal fun eightBit(value: Float): Int {
    val steps = value.coerceIn(0f, 1f) * 255f
    // A float of this size has no bits left for fractions: adding rounds, and the steps are its
    // lowest bits. Several times as fast as rint on phones, and the same.
    return (steps + ONE_A_STEP).toRawBits() and 0xFF
}

/** 2 to the 23rd: from here on, floats are whole numbers. */
private const val ONE_A_STEP = 8388608f
