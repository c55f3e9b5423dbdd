package org.facestyle.core

/** `value = (q - zeroPoint) * scale` of an int8 input or output. */
data class Quantization(
    /** Of one step; above 0. */
    val scale: Float,
    /** Which `q` stands for 0. */
    val zeroPoint: Int,
)

/** An input or output of a `.tflite` file. */
data class Port(
    /** As in the file. */
    val name: String,
    /** `image`, `map`, `code` or `scalar`. */
    val kind: String,
    /** Batch, height, width, channels. */
    val shape: List<Int>,
    /** `float32` or `int8`. */
    val dtype: String,
    /** Null for floats. */
    val quantization: Quantization?,
    /** Of an image; null for all else, and where only the file itself is known. */
    val range: ImageRange?,
) {
    /** Values in all. */
    val size: Int get() = shape.fold(1, Int::times)

    /**
     * [range] of what must be an image.
     *
     * @throws BadFile when it is none.
     */
    val imageRange: ImageRange get() = range ?: throw BadFile("$MANIFEST: $name is no image")
}

/** A `.tflite` file of a build. */
data class ModelFile(
    /** Its name in the build's folder. */
    val file: String,
    /** `stylizer`, `style_encoder` or `full`. */
    val graph: String,
    /** Name of the style that is part of it, or null when it takes a `style_code`. */
    val style: String?,
    /** `fp32`, `fp16`, `dynamic` or `int8`. */
    val precision: String,
    /** Of the file, in hexadecimal. */
    val sha256: String,
    /** Length of the file. */
    val bytes: Long,
    /** In the file's order. */
    val inputs: List<Port>,
    /** In the file's order. */
    val outputs: List<Port>,
) {
    /** Height of its pictures, in pixels. */
    val height: Int get() = inputs.first().shape[1]

    /** Width of its pictures, in pixels. */
    val width: Int get() = inputs.first().shape[2]

    /**
     * An input by name.
     *
     * @throws BadFile when there is none of it.
     */
    fun input(name: String): Port = port(inputs, name)

    /**
     * An output by name.
     *
     * @throws BadFile when there is none of it.
     */
    fun output(name: String): Port = port(outputs, name)

    private fun port(ports: List<Port>, name: String): Port =
        ports.find { it.name == name } ?: throw BadFile("$MANIFEST: $file has no $name")
}

/** What `facestyle export` wrote for Android. */
class Build(
    /** Such as `mobile`. */
    val network: String,
    /** Fingerprint of the style encoder's weights; a [StyleBook] must have the same. */
    val weights: String,
    /** The `.tflite` files, at least one. */
    val files: List<ModelFile>,
) {
    /**
     * The file of a graph.
     *
     * @param graph `stylizer`, `style_encoder` or `full`.
     * @param precision `fp32`, `fp16`, `dynamic` or `int8`.
     * @param width of its pictures, in pixels; null for any.
     * @param height of its pictures, in pixels; null for any.
     * @return the first such file without a style of its own, or null.
     */
    fun find(
        graph: String,
        precision: String,
        width: Int? = null,
        height: Int? = null,
    ): ModelFile? =
        files.find {
            it.style == null && it.graph == graph && it.precision == precision &&
                width in setOf(null, it.width) && height in setOf(null, it.height)
        }
}

/**
 * Reads a build's `manifest.json`.
 *
 * @throws BadFile when it is not one, or lists no `.tflite` file.
 */
fun parseBuild(manifest: String): Build = readJson(manifest, MANIFEST, BUILD_FORMAT) { build ->
    val files = build.entries("files").filter { it.text("format") == "tflite" }.map(::modelFile)
    if (files.isEmpty()) throw BadFile("$MANIFEST: no .tflite file; export with --formats tflite")
    Build(build.text("network"), build.entry("weights").text("style_fingerprint"), files)
}

private fun modelFile(entry: Entry): ModelFile {
    val sha256 = entry.text("sha256")
    if (!SHA256.matches(sha256)) throw entry.wrong("sha256", "64 hexadecimal digits")
    // Files are in the build's folder itself, whatever a manifest says.
    val file = entry.text("file")
    if (!FILE.matches(file)) throw entry.wrong("file", "the name of a .tflite file")
    val inputs = entry.entries("inputs").map(::port)
    val outputs = entry.entries("outputs").map(::port)
    if (inputs.isEmpty() || outputs.isEmpty()) throw entry.wrong("inputs", "given, and outputs too")
    return ModelFile(
        file,
        entry.text("graph"),
        entry.textOrNull("style"),
        entry.text("precision"),
        sha256,
        entry.long("bytes"),
        inputs,
        outputs,
    )
}

private fun port(entry: Entry): Port {
    val shape = entry.integers("shape")
    if (shape.size != 4 || shape.any { it < 1 }) throw entry.wrong("shape", "four sides")
    val dtype = entry.text("dtype")
    val quantization = when (dtype) {
        "float32" -> null
        "int8" -> Quantization(entry.number("scale").toFloat(), entry.integer("zero_point"))
        else -> throw entry.wrong("dtype", "float32 or int8")
    }
    if (quantization != null && !(quantization.scale > 0)) throw entry.wrong("scale", "above 0")
    val kind = entry.text("kind")
    val range = if (kind == "image") imageRange(entry) else null
    return Port(entry.text("name"), kind, shape, dtype, quantization, range)
}

private fun imageRange(entry: Entry): ImageRange {
    val ends = entry.floats("range")
    if (ends.size != 2 || ends[0] >= ends[1]) {
        throw entry.wrong("range", "two numbers, the lower first")
    }
    return ImageRange(ends[0], ends[1])
}

private const val MANIFEST = "manifest.json"
private const val BUILD_FORMAT = "facestyle-build/3"
private val SHA256 = Regex("[0-9a-f]{64}")
private val FILE = Regex("""[^/\\]+\.tflite""")
