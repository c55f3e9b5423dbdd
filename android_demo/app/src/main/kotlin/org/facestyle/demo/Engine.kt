package org.facestyle.demo

import org.facestyle.core.Port
import java.nio.Buffer
import java.nio.ByteBuffer

/**
 * What executes a model file. The rest of the app knows this and no runtime.
 *
 * Opened, run and closed on one thread: a GPU's delegate works on no other.
 */
interface Engine : AutoCloseable {
    /** What it really runs on. */
    val processor: Processor

    /** Of the runtime; null where it does not tell. */
    val version: String? get() = null

    /** What it takes and gives, as the file says. */
    val inputs: List<Port>
    val outputs: List<Port>

    /**
     * Gives the model its memory, once: what it returns runs the model on it, as often as called.
     *
     * @param inputs by the names that the manifest gives; direct buffers in native order, read from
     *   their start to their limit, wherever their position is.
     * @param outputs the same, written.
     */
    fun bind(inputs: Map<String, Buffer>, outputs: Map<String, Buffer>): () -> Unit
}

/** Opens model files. */
fun interface EngineFactory {
    /**
     * @param model the whole file, direct; it must stay as it is while the engine lives.
     * @throws CannotRun when the processor does not take the model.
     */
    fun open(model: ByteBuffer, processor: Processor): Engine
}

/** Where a model runs: the GPU, or so many threads of the CPU. */
data class Processor(val gpu: Boolean, val threads: Int) {
    companion object {
        val GPU = Processor(gpu = true, threads = 1)

        fun cpu(threads: Int) = Processor(gpu = false, threads)
    }
}

/** A model that cannot be executed; the message is for people. */
class CannotRun(message: String, cause: Throwable? = null) : Exception(message, cause)
