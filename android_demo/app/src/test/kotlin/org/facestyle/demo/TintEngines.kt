package org.facestyle.demo

import org.facestyle.core.Port
import java.nio.Buffer
import java.nio.ByteBuffer
import java.nio.FloatBuffer
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicInteger

/** Stands for the runtime where a test is about the screen: mixes the picture with a colour of the code. */
class TintEngines(private val gpu: Boolean = false) : EngineFactory {
    /** What the next run fails with, if anything. */
    @Volatile var failure: String? = null

    /** Threads that used a model which another one had opened. */
    val strangers = ConcurrentLinkedQueue<String>()

    /** Whether a run waits at the gate of [hold]. */
    @Volatile var waiting = false
        private set

    /** What runs fail with behind the gate, if anything. */
    @Volatile var error: Throwable? = null
    private val gate = CountDownLatch(1)

    @Volatile private var held = 0

    /** Lets the model that was opened last run no further until [release]. */
    fun hold() {
        held = opened.get()
    }

    fun release() = gate.countDown()

    @Volatile lateinit var lastProcessor: Processor
    val opened = AtomicInteger()
    val closed = AtomicInteger()

    override fun open(model: ByteBuffer, processor: Processor): Engine {
        if (processor.gpu && !gpu) throw CannotRun("no GPU here")
        val number = opened.incrementAndGet()
        lastProcessor = processor
        return object : Engine {
            // As the GPU delegate has it: what opens a model runs and closes it.
            private val owner = Thread.currentThread()

            private fun checkThread() {
                if (Thread.currentThread() !== owner) strangers.add(Thread.currentThread().name)
            }

            override val processor = processor
            override val inputs = emptyList<Port>()
            override val outputs = emptyList<Port>()

            override fun bind(
                inputs: Map<String, Buffer>,
                outputs: Map<String, Buffer>,
            ): () -> Unit = {
                checkThread()
                if (number == held) {
                    waiting = true
                    gate.await()
                    error?.let { throw it }
                }
                failure?.let { throw IllegalStateException(it) }
                val painting = inputs["painting"] as FloatBuffer?
                if (painting != null) {
                    read(painting, outputs.getValue("style_code") as FloatBuffer)
                } else {
                    paint(inputs, outputs)
                }
            }

            override fun close() {
                checkThread()
                closed.incrementAndGet()
            }
        }
    }

    private fun paint(inputs: Map<String, Buffer>, outputs: Map<String, Buffer>) {
        val content = inputs.getValue("content") as FloatBuffer
        val code = inputs.getValue("style_code") as FloatBuffer
        val strength = (inputs.getValue("strength") as FloatBuffer).get(0)
        val stylized = outputs.getValue("stylized") as FloatBuffer
        val depth = inputs["depth"] as FloatBuffer?
        fun number(name: String, otherwise: Float) =
            (inputs[name] as FloatBuffer?)?.get(0) ?: otherwise
        val (low, high) = number("depth_low", 0f) to number("depth_high", 1f)
        for (i in 0 until content.capacity()) {
            val colour = (0.5f + code.get(i % 3)).coerceIn(0f, 1f)
            val far = ((depth?.get(i / 3) ?: 1f) - low) / (high - low)
            val share = 0.6f * strength * far.coerceIn(0f, 1f)
            stylized.put(i, content.get(i) + share * (colour - content.get(i)))
        }
    }

    private fun read(painting: FloatBuffer, code: FloatBuffer) {
        for (i in 0 until code.capacity()) code.put(i, painting.get(i) - 0.5f)
    }
}
