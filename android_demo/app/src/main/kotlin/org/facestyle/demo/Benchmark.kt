package org.facestyle.demo

import android.graphics.Bitmap
import org.facestyle.core.FrameTimes
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * Frames of one model, timed stage by stage.
 *
 * @param picture what pictures it is given, of a width and height.
 */
class Benchmark(
    private val engines: EngineFactory,
    private val order: BenchmarkActivity.Order,
    private val picture: (Int, Int) -> Bitmap,
) {
    class Measured(
        val loadNanos: Long,
        val firstRunNanos: Long,
        val times: FrameTimes,
        val sustained: FrameTimes?,
    )

    /**
     * @param file the whole model.
     * @throws CannotRun when the processor does not take it: it never runs elsewhere instead.
     */
    fun run(file: ByteArray): Measured {
        val model = ByteBuffer.allocateDirect(file.size).order(ByteOrder.nativeOrder()).put(file)
        model.rewind()
        val start = System.nanoTime()
        return engines.open(model, order.processor).use { engine ->
            val loadNanos = System.nanoTime() - start
            val frame = Frame(engine)
            val firstRunNanos = frame.paint(FrameTimes())
            repeat(order.warmUp - 1) { frame.paint(FrameTimes()) }
            val times = paint(frame, order.runs, order.seconds)
            val sustained = if (order.sustainSeconds >
                0
            ) {
                paint(frame, 1, order.sustainSeconds)
            } else {
                null
            }
            Measured(loadNanos, firstRunNanos, times, sustained)
        }
    }

    private fun paint(frame: Frame, runs: Int, seconds: Float) = FrameTimes().also {
        val end = System.nanoTime() + (seconds * 1e9).toLong()
        while (it.frames < runs || System.nanoTime() < end) frame.paint(it)
    }

    /** A frame's buffers and bitmaps, made once. */
    private inner class Frame(engine: Engine) {
        private val inputs = engine.inputs.map(::TensorBuffer)
        private val outputs = engine.outputs.map(::TensorBuffer)
        private val given = inputs.associate { it.port.name to it.buffer }
        private val taken = outputs.associate { it.port.name to it.buffer }
        private val execute = engine.bind(given, taken)
        private val photo = inputs.filter { it.port.kind == "image" }.map { Picture(it, picture) }
        private val painted = outputs.filter { it.port.kind == "image" }.map {
            Picture(it) { width, height ->
                Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888)
            }
        }

        init {
            for (input in inputs) {
                if (input.port.kind !=
                    "image"
                ) {
                    input.fill(values(input.port.name, input.port.size))
                }
            }
        }

        /** Paints one; how long inference took. */
        fun paint(times: FrameTimes): Long {
            val start = System.nanoTime()
            photo.forEach(Picture::toTensor)
            val filled = System.nanoTime()
            execute()
            val run = System.nanoTime()
            painted.forEach(Picture::fromTensor)
            val end = System.nanoTime()
            times.add(filled - start, run - filled, end - run, end - start)
            return run - filled
        }

        private fun values(name: String, size: Int): (Int) -> Float {
            val code = order.styleCode?.takeIf { name == "style_code" && it.size == size }
            return when (name) {
                "strength" -> { _ -> order.strength }
                "depth", "depth_high" -> { _ -> 1f }
                "depth_low" -> { _ -> 0f }
                else -> { i -> code?.get(i) ?: 0.5f }
            }
        }
    }

    /** A bitmap and the tensor that it goes into or comes out of. */
    private class Picture(private val tensor: TensorBuffer, make: (Int, Int) -> Bitmap) {
        private val bitmap = make(tensor.port.shape[2], tensor.port.shape[1])
        private val pixels = IntArray(bitmap.width * bitmap.height)

        fun toTensor() {
            bitmap.getPixels(pixels, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height)
            tensor.write(pixels)
        }

        fun fromTensor() {
            tensor.read(pixels)
            bitmap.setPixels(pixels, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height)
        }
    }
}
