package org.facestyle.demo

import org.facestyle.core.ModelFile
import org.facestyle.core.argbToFloats
import java.nio.Buffer

/**
 * Reads a painting's style code, once per painting.
 *
 * @param engine of a style encoder's [file]; closed with this.
 */
class StyleReader(private val engine: Engine, file: ModelFile) : AutoCloseable by engine {
    /** Of the square picture that it looks at, in pixels. */
    val side = file.height
    private val range = file.input("painting").imageRange
    private val codeSize = file.output("style_code").size

    /** @param painting ARGB, [side] x [side], the middle of the painting. */
    fun read(painting: IntArray): FloatArray {
        val pixels = directFloats(side * side * 3)
        val code = directFloats(codeSize)
        argbToFloats(painting, range, pixels)
        val run = engine.bind(
            mapOf<String, Buffer>("painting" to pixels),
            mapOf<String, Buffer>("style_code" to code),
        )
        run()
        code.rewind()
        return FloatArray(codeSize).also(code::get)
    }
}
