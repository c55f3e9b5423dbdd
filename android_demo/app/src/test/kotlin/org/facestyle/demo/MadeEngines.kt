package org.facestyle.demo

import org.facestyle.core.Port
import org.facestyle.core.Quantization
import java.nio.Buffer
import java.nio.ByteBuffer
import java.nio.FloatBuffer

/**
 * A runtime that takes as long as a test says, by a clock that nothing else moves but the reading
 * of it. It gives back the picture that it is given.
 */
class MadeEngines :
    EngineFactory,
    Clock {
    /** What the model takes: a picture of 6 x 4 pixels, a code of 5 numbers, and the strength. */
    var inputs = listOf(
        Port("content", "image", listOf(1, 4, 6, 3), "float32", null, null),
        Port("style_code", "code", listOf(1, 1, 1, 5), "float32", null, null),
        Port("strength", "code", listOf(1, 1, 1, 1), "float32", null, null),
    )
    var outputs = listOf(Port("stylized", "image", listOf(1, 4, 6, 3), "float32", null, null))

    /** How long a run takes, in ms, by its number from 0 on. */
    var takes: (Int) -> Double = { 7.0 }

    /** What is done in a run, by its number. */
    var meanwhile: (Int) -> Unit = {}

    /** Where it was opened, in order. */
    val opened = mutableListOf<Processor>()

    /** What the last run was given, by name. */
    val given = mutableMapOf<String, List<Number>>()
    var runs = 0
        private set
    var closed = 0
        private set
    private var now = 0L

    /** Reading the clock takes 0.1 ms. */
    override fun nanos(): Long {
        now += 100_000
        return now
    }

    override fun open(model: ByteBuffer, processor: Processor): Engine {
        opened += processor
        now += 12_000_000
        return object : Engine {
            override val processor = processor
            override val version = "9.9"
            override val inputs = this@MadeEngines.inputs
            override val outputs = this@MadeEngines.outputs

            override fun bind(
                inputs: Map<String, Buffer>,
                outputs: Map<String, Buffer>,
            ): () -> Unit = {
                for ((name, buffer) in inputs) given[name] = numbers(buffer)
                copy(inputs.getValue("content"), outputs.getValue("stylized"))
                meanwhile(runs)
                now += (takes(runs) * 1e6).toLong()
                runs++
            }

            override fun close() {
                closed++
            }
        }
    }

    private fun copy(from: Buffer, to: Buffer) {
        for (i in 0 until from.capacity()) {
            when (from) {
                is FloatBuffer -> (to as FloatBuffer).put(i, from.get(i))
                else -> (to as ByteBuffer).put(i, (from as ByteBuffer).get(i))
            }
        }
    }

    private fun numbers(buffer: Buffer): List<Number> = List(buffer.capacity()) {
        if (buffer is FloatBuffer) buffer.get(it) else (buffer as ByteBuffer).get(it)
    }

    companion object {
        /** The same ports as an int8 file has them. */
        fun quantised(port: Port, scale: Float, zeroPoint: Int) =
            port.copy(dtype = "int8", quantization = Quantization(scale, zeroPoint))
    }
}
