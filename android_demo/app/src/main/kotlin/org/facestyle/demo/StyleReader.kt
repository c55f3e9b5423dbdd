package org.facestyle.demo

import org.facestyle.core.argbToFloats
import java.nio.Buffer

/**
 * Reads a painting's style code, once per painting.
 *
 * @param engine of a style encoder's file; closed with this.
 * @param side of the square picture that it looks at.
 */
class StyleReader(private val engine: Engine, val side: Int, private val codeSize: Int) :
    AutoCloseable by engine {

    /** @param painting ARGB, [side] x [side], the middle of the painting. */
    fun read(painting: IntArray): FloatArray {
        val pixels = directFloats(side * side * 3)
        val code = directFloats(codeSize)
        argbToFloats(painting, pixels)
        val run = engine.bind(
            mapOf<String, Buffer>("painting" to pixels),
            mapOf<String, Buffer>("style_code" to code),
        )
        run()
        code.rewind()
        return FloatArray(codeSize).also(code::get)
    }
}
