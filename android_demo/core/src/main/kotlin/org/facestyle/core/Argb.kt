package org.facestyle.core

/** Of a channel: it has 8 bits. */
internal const val MAXIMUM = 0xFF

/** The alpha of a picture that nothing shines through. */
internal const val OPAQUE = MAXIMUM shl 24

internal fun red(argb: Int): Int = argb shr 16 and MAXIMUM

internal fun green(argb: Int): Int = argb shr 8 and MAXIMUM

internal fun blue(argb: Int): Int = argb and MAXIMUM
