package org.facestyle.demo

import org.facestyle.core.psnr

/** Whether this phone computes what PyTorch did when the model was exported. */
class GoldenCheck(private val studio: Studio) {

    /** @property psnrDb of the phone's output; [leastDb] is what it must have. */
    data class Verdict(val psnrDb: Double, val leastDb: Double) {
        // NaN is wrong too.
        val right: Boolean get() = psnrDb >= leastDb
    }

    /** Runs [stylizer] on the golden pair's inputs. */
    fun check(stylizer: Stylizer): Verdict {
        val files = studio.files
        val (pair, limit) = files.golden.of(studio.chosen("stylizer").file)
        val inputs = pair.inputs.associateBy { it.name }
        fun bytes(raw: String?) = files.bytes("golden/$raw")
        val photo = inputs.getValue("content").let { rgbToArgb(bytes(it.raw)) }
        val code = inputs.getValue("style_code").let { it.floats(bytes(it.raw)) }
        val strength = checkNotNull(inputs.getValue("strength").value)
        val found = stylizer.values(photo, Look(code, strength))
        val wanted = pair.output.floats(bytes(pair.output.raw))
        val least = if (stylizer.processor.gpu) limit.leastPsnrDbInHalf else limit.leastPsnrDb
        return Verdict(psnr(found, wanted, pair.peak), least)
    }
}

/** Bytes R G B of each pixel, as golden pairs have them, as opaque ARGB. */
internal fun rgbToArgb(rgb: ByteArray) = IntArray(rgb.size / 3) {
    val at = 3 * it
    fun channel(offset: Int) = rgb[at + offset].toInt() and 0xFF
    (0xFF shl 24) or (channel(0) shl 16) or (channel(1) shl 8) or channel(2)
}
