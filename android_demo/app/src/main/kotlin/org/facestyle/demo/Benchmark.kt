package org.facestyle.demo

import android.graphics.Bitmap
import org.facestyle.core.FrameTimes
import java.io.File
import java.nio.MappedByteBuffer
import java.nio.channels.FileChannel

/** Where times are read. */
fun interface Clock {
    /** Nanoseconds since whenever; never less than before. */
    fun nanos(): Long
}

/**
 * Frames of one model, timed stage by stage.
 *
 * @param engines what runs the model.
 * @param order what is to be measured, and for how long.
 * @param clock what it is timed with.
 * @param picture what pictures it is given, of a width and height.
 */
class Benchmark(
    private val engines: EngineFactory,
    private val order: BenchmarkOrder,
    private val clock: Clock,
    private val picture: (Int, Int) -> Bitmap,
) {
    /** What was found. */
    class Measured(
        /** What the model really ran on. */
        val processor: Processor,
        /** Of the runtime; null where it does not tell. */
        val version: String?,
        /** From the file to an engine that is ready. */
        val loadNanos: Long,
        /** Of the first inference. */
        val firstRunNanos: Long,
        /** Of the measured frames. */
        val times: FrameTimes,
        /** Of those that follow for long; null if none were asked for. */
        val sustained: FrameTimes?,
    )

    /** @throws CannotRun when the processor does not take it: it never runs elsewhere instead. */
    fun run(): Measured {
        val start = clock.nanos()
        return engines.open(map(order.model), order.processor).use { engine ->
            val loadNanos = clock.nanos() - start
            val frame = Frame(engine)
            val times = FrameTimes()
            val warmUp = FrameTimes()
            // Without a warm-up the first frame is a measured one.
            val firstRunNanos = frame.paint(if (order.warmUp > 0) warmUp else times)
            while (warmUp.frames < order.warmUp) frame.paint(warmUp)
            paint(frame, times, order.runs, order.seconds)
            val sustained = if (order.sustainSeconds > 0) FrameTimes() else null
            sustained?.let { paint(frame, it, 1, order.sustainSeconds) }
            Measured(
                engine.processor,
                engine.version,
                loadNanos,
                firstRunNanos,
                times,
                sustained,
            )
        }
    }

    /** The frames themselves must last so long; with what lies between them it is longer. */
    private fun paint(frame: Frame, times: FrameTimes, runs: Int, seconds: Float) {
        val least = (seconds * 1e9).toLong()
        while (times.frames < runs || times.totalNanos < least) frame.paint(times)
    }

    private fun map(file: File): MappedByteBuffer = file.inputStream().channel.use {
        it.map(FileChannel.MapMode.READ_ONLY, 0, it.size())
    }

    /** A frame's buffers and bitmaps, made once. */
    private inner class Frame(engine: Engine) {
        private val inputs = engine.inputs.map(::TensorBuffer)
        private val outputs = engine.outputs.map(::TensorBuffer)
        private val given = inputs.associate { it.port.name to it.buffer }
        private val taken = outputs.associate { it.port.name to it.buffer }
        private val execute = engine.bind(given, taken)
        private val photo = inputs.filter { it.port.name in PICTURES }.map { Picture(it, picture) }
        private val painted = outputs.filter { it.port.kind == "image" }.map {
            Picture(it) { width, height ->
                Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888)
            }
        }

        init {
            for (input in inputs) {
                if (input.port.name !in PICTURES) {
                    input.fill(values(input.port.name, input.port.size))
                }
            }
        }

        /** Paints one; how long inference took. */
        fun paint(times: FrameTimes): Long {
            val start = clock.nanos()
            photo.forEach(Picture::toTensor)
            val filled = clock.nanos()
            execute()
            val run = clock.nanos()
            painted.forEach(Picture::fromTensor)
            val end = clock.nanos()
            times.add(filled - start, run - filled, end - run, end - start)
            return run - filled
        }

        private fun values(name: String, size: Int): (Int) -> Float = when (name) {
            "strength" -> { _ -> order.strength }
            "depth", "depth_high" -> { _ -> 1f }
            "depth_low" -> { _ -> 0f }
            "style_code" -> code(size)
            else -> { _ -> 0.5f }
        }

        private fun code(size: Int): (Int) -> Float {
            val given = order.styleCode ?: return { 0.5f }
            if (given.size != size) {
                throw CannotRun("style_code has ${given.size} numbers; the model takes $size")
            }
            return given::get
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

    private companion object {
        val PICTURES = setOf("content", "painting")
    }
}
