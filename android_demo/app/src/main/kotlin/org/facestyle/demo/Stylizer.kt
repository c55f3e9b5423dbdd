package org.facestyle.demo

import org.facestyle.core.ModelFile
import org.facestyle.core.argbToFloats
import org.facestyle.core.floatsToArgb
import java.nio.Buffer
import java.nio.FloatBuffer

/**
 * Paints pictures of one size. Belongs to one thread at a time; allocates nothing per picture.
 *
 * @param engine of a stylizer's [file]; closed with this.
 */
class Stylizer(private val engine: Engine, file: ModelFile) : AutoCloseable by engine {
    val processor: Processor get() = engine.processor

    /** Of the pictures, in pixels. */
    val width = file.width
    val height = file.height

    private val inputs = file.inputs.associate { it.name to directFloats(it.size) }
    private val content = inputs.getValue("content")
    private val code = inputs.getValue("style_code")
    private val strength = inputs.getValue("strength")
    private val depth = inputs["depth"]
    private val stylized = directFloats(file.output("stylized").size)
    private val contentRange = file.input("content").imageRange
    private val stylizedRange = file.output("stylized").imageRange
    private val run = engine.bind(inputs, mapOf<String, Buffer>("stylized" to stylized))

    /** Whether the model can keep what is near (paper 2); others paint everywhere alike. */
    val takesDepth: Boolean get() = depth != null

    /** How long the model itself took for the last picture, in nanoseconds. */
    var inferenceNanos = 0L
        private set

    /**
     * @param photo ARGB, row by row.
     * @param painted the same, written; may be [photo].
     * @param far 0 for what is near to 1 for what is far, row by row; null where it is not known.
     */
    fun paint(photo: IntArray, look: Look, painted: IntArray, far: FloatArray? = null) {
        argbToFloats(photo, contentRange, content)
        code.fill(look.code)
        strength.put(0, look.strength)
        if (depth != null) setDepth(depth, far.takeIf { look.keepsNear })
        val start = System.nanoTime()
        run()
        inferenceNanos = System.nanoTime() - start
        floatsToArgb(stylized, stylizedRange, painted)
    }

    /**
     * What the model makes of any inputs, unrounded.
     *
     * @param given the values of an input, by its name.
     * @return RGB in the model's range, row by row, pixel by pixel.
     */
    fun values(given: (String) -> FloatArray): FloatArray {
        for ((name, buffer) in inputs) buffer.fill(given(name))
        run()
        stylized.rewind()
        return FloatArray(stylized.capacity()).also(stylized::get)
    }

    private fun setDepth(depth: FloatBuffer, far: FloatArray?) {
        depth.fill(far ?: everywhere)
        inputs.getValue("depth_low").put(0, if (far == null) 0f else KEPT)
        inputs.getValue("depth_high").put(0, if (far == null) 1f else PAINTED)
    }

    private val everywhere by lazy { FloatArray(width * height) { 1f } }

    private fun FloatBuffer.fill(values: FloatArray) {
        clear()
        put(values)
    }

    private companion object {
        /** As shares of the way from near to far: up to which nothing, from which all is painted. */
        const val KEPT = 0.15f
        const val PAINTED = 0.5f
    }
}

/**
 * What to paint.
 *
 * @property code of the style.
 * @property strength how much of it, from 0 (the photo) to 1.
 * @property keepsNear whether what is near stays as it is, where depth is known.
 */
class Look(val code: FloatArray, val strength: Float, val keepsNear: Boolean = false)
