package org.facestyle.demo

import org.facestyle.core.argbToFloats
import org.facestyle.core.floatsToArgb
import java.nio.Buffer

/**
 * Paints pictures of one size. Belongs to one thread at a time; allocates nothing per picture.
 *
 * @param engine of a stylizer's file; closed with this.
 * @param width and [height] of the pictures, in pixels.
 * @param codeSize length of a style code.
 */
class Stylizer(private val engine: Engine, val width: Int, val height: Int, codeSize: Int) :
    AutoCloseable by engine {
    val processor: Processor get() = engine.processor

    private val content = directFloats(width * height * 3)
    private val code = directFloats(codeSize)
    private val strength = directFloats(1)
    private val stylized = directFloats(width * height * 3)
    private val inputs =
        mapOf<String, Buffer>("content" to content, "style_code" to code, "strength" to strength)
    private val outputs = mapOf<String, Buffer>("stylized" to stylized)

    /** How long the model itself took for the last picture, in nanoseconds. */
    var inferenceNanos = 0L
        private set

    /**
     * @param photo ARGB, row by row.
     * @param painted the same, written; may be [photo].
     */
    fun paint(photo: IntArray, look: Look, painted: IntArray) {
        run(photo, look)
        floatsToArgb(stylized, painted)
    }

    /** The same unrounded: RGB in 0..1, row by row, pixel by pixel. */
    fun values(photo: IntArray, look: Look): FloatArray {
        run(photo, look)
        stylized.rewind()
        return FloatArray(stylized.capacity()).also(stylized::get)
    }

    private fun run(photo: IntArray, look: Look) {
        argbToFloats(photo, content)
        code.clear()
        code.put(look.code)
        strength.put(0, look.strength)
        val start = System.nanoTime()
        engine.run(inputs, outputs)
        inferenceNanos = System.nanoTime() - start
    }
}

/** What to paint: a style code and how much of it, from 0 (the photo) to 1. */
class Look(val code: FloatArray, val strength: Float)
