package org.facestyle.core

import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.FloatBuffer
import kotlin.math.log10

/** An input of a golden pair, or its output. */
class GoldenValue(
    /** Of the file's input or output. */
    val name: String,
    /** `image`, `map`, `code` or `scalar`. */
    val kind: String,
    /** File in the build's folder `golden`; null for a scalar. */
    val raw: String?,
    /** Of a scalar; null otherwise. */
    val value: Float?,
) {
    /**
     * The values, in the order in which a `.tflite` file takes or gives them.
     *
     * @param bytes of the file [raw]: pixels R G B, or little-endian floats, as the file's name
     *   ends in `.u8` or `.f32`.
     * @param range of the file's input or output, as the manifest says; null where it is no image.
     * @throws BadFile when they are no whole number of floats, or pixels of what is no image.
     */
    fun floats(bytes: ByteArray, range: ImageRange?): FloatArray {
        if (raw?.endsWith(".u8") == true) {
            val values = range?.values ?: throw BadFile("$GOLDEN: $raw is not of an image")
            return FloatArray(bytes.size) { values[bytes[it].toInt() and MAXIMUM] }
        }
        if (bytes.size % Float.SIZE_BYTES != 0) throw BadFile("$raw: cut off")
        val floats = FloatArray(bytes.size / Float.SIZE_BYTES)
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(floats)
        return floats
    }
}

/** A graph's inputs and what PyTorch makes of them. */
class GoldenPair(
    /** In the graph's order. */
    val inputs: List<GoldenValue>,
    /** What is wanted. */
    val output: GoldenValue,
    /** What [psnr] refers to. */
    val peak: Double,
)

/** What a file's output must keep to. */
class GoldenLimit(
    /** Key of [Golden.pairs]. */
    val graph: String,
    /** Least PSNR in dB. */
    val leastPsnrDb: Double,
    /** Least PSNR in dB where the file runs in half precision, as on GPUs. */
    val leastPsnrDbInHalf: Double,
) {
    /**
     * The verdict.
     *
     * @param psnrDb of the output; NaN never passes.
     * @param half whether it was computed in half precision.
     */
    fun accepts(psnrDb: Double, half: Boolean): Boolean =
        psnrDb >= if (half) leastPsnrDbInHalf else leastPsnrDb
}

/** A build's golden pairs, for an app to check itself, its runtime and its phone. */
class Golden(
    /** By graph. */
    val pairs: Map<String, GoldenPair>,
    /** By file name. */
    val limits: Map<String, GoldenLimit>,
) {
    /**
     * The pair that a file is checked with, and its limit.
     *
     * @throws BadFile when there is none for it.
     */
    fun of(file: String): Pair<GoldenPair, GoldenLimit> {
        val limit = limits[file] ?: throw BadFile("$GOLDEN: nothing for $file")
        val pair = pairs[limit.graph] ?: throw BadFile("$GOLDEN: no graph ${limit.graph}")
        return Pair(pair, limit)
    }
}

/**
 * Reads a build's `golden/golden.json`.
 *
 * @throws BadFile when it is not one.
 */
fun parseGolden(json: String): Golden = readJson(json, GOLDEN, "facestyle-golden/1") { golden ->
    Golden(
        golden.named("graphs").mapValues { (_, graph) ->
            val output = graph.entry("output")
            GoldenPair(
                graph.entries("inputs").map(::goldenValue),
                goldenValue(output),
                output.number("peak"),
            )
        },
        golden.named("files").mapValues { (_, file) ->
            GoldenLimit(
                file.text("graph"),
                file.number("least_psnr_db"),
                file.number("least_psnr_db_in_half"),
            )
        },
    )
}

private fun goldenValue(entry: Entry): GoldenValue {
    val raw = entry.textOrNull("raw")
    // Files are in the folder itself, whatever the index says.
    if (raw != null && !RAW.matches(raw)) throw entry.wrong("raw", "the name of a .u8 or .f32 file")
    val value = if (raw == null) entry.number("value").toFloat() else null
    return GoldenValue(entry.text("name"), entry.text("kind"), raw, value)
}

/**
 * Peak signal to noise ratio, `10 log10(peak^2 / mean squared difference)`.
 *
 * @param values from index 0 on, as many as are [wanted]; the position stays.
 * @param wanted what they should be; the whole array.
 * @param peak as [GoldenPair.peak].
 * @return in dB; infinite where equal, NaN when a value is not finite.
 */
fun psnr(values: FloatBuffer, wanted: FloatArray, peak: Double): Double {
    var sum = 0.0
    for (i in wanted.indices) {
        val value = values.get(i)
        if (!value.isFinite()) return Double.NaN
        val difference = value.toDouble() - wanted[i]
        sum += difference * difference
    }
    return 10 * log10(peak * peak / (sum / wanted.size))
}

/**
 * As the other one.
 *
 * @throws IllegalArgumentException when there are more or fewer values than are wanted.
 */
fun psnr(values: FloatArray, wanted: FloatArray, peak: Double): Double {
    require(values.size == wanted.size) { "${values.size} values where ${wanted.size} are wanted" }
    return psnr(FloatBuffer.wrap(values), wanted, peak)
}

private const val GOLDEN = "golden.json"
private val RAW = Regex("""[^/\\]+\.(u8|f32)""")
