package org.facestyle.demo

import org.facestyle.core.Port
import org.facestyle.core.Quantization
import org.tensorflow.lite.DataType
import org.tensorflow.lite.Interpreter
import org.tensorflow.lite.Tensor
import org.tensorflow.lite.TensorFlowLite
import org.tensorflow.lite.gpu.CompatibilityList
import org.tensorflow.lite.gpu.GpuDelegate
import java.nio.Buffer
import java.nio.ByteBuffer

/** [Engine] over TFLite's interpreter, with XNNPACK on the CPU or the GPU delegate. */
class InterpreterEngine private constructor(
    private val interpreter: Interpreter,
    private val delegate: GpuDelegate?,
    override val processor: Processor,
) : Engine {
    override val version: String get() = TensorFlowLite.runtimeVersion()

    override val inputs = interpreter.getSignatureInputs(SIGNATURE).map {
        port(it, interpreter.getInputTensorFromSignature(it, SIGNATURE))
    }
    override val outputs = interpreter.getSignatureOutputs(SIGNATURE).map {
        port(it, interpreter.getOutputTensorFromSignature(it, SIGNATURE))
    }

    override fun bind(inputs: Map<String, Buffer>, outputs: Map<String, Buffer>): () -> Unit {
        val buffers = (inputs.values + outputs.values).toTypedArray()
        return {
            // The runtime reads and writes from the position, and moves it.
            for (buffer in buffers) buffer.rewind()
            interpreter.runSignature(inputs, outputs, SIGNATURE)
        }
    }

    override fun close() {
        interpreter.close()
        delegate?.close()
    }

    companion object Factory : EngineFactory {
        private const val SIGNATURE = "serving_default"

        override fun open(model: ByteBuffer, processor: Processor): Engine {
            val delegate = if (processor.gpu) gpuDelegate() else null
            return try {
                val options = Interpreter.Options().setNumThreads(processor.threads)
                delegate?.let(options::addDelegate)
                InterpreterEngine(Interpreter(model, options), delegate, processor)
            } catch (error: IllegalArgumentException) {
                delegate?.close()
                throw CannotRun(error.message ?: "the model is not valid", error)
            } catch (error: IllegalStateException) {
                delegate?.close()
                throw CannotRun(error.message ?: "the model is not taken", error)
            }
        }

        private fun port(name: String, tensor: Tensor): Port {
            val found = tensor.quantizationParams()
            val integers = tensor.dataType() == DataType.INT8
            return Port(
                name = name,
                kind = kindOf(tensor.shape()),
                shape = tensor.shape().toList(),
                dtype = if (integers) "int8" else "float32",
                quantization = if (integers) Quantization(found.scale, found.zeroPoint) else null,
                range = null,
            )
        }

        /** As the manifest has it; a file itself only tells the shape, and no range. */
        private fun kindOf(shape: IntArray) = when {
            shape.last() == 3 -> "image"
            shape.all { it == 1 } -> "scalar"
            shape.last() == 1 -> "map"
            else -> "code"
        }

        private fun gpuDelegate(): GpuDelegate {
            try {
                val supported = CompatibilityList().use { it.isDelegateSupportedOnThisDevice }
                if (supported) return GpuDelegate()
            } catch (error: UnsatisfiedLinkError) {
                throw CannotRun("the GPU delegate is not in this app", error)
            }
            throw CannotRun("the GPU delegate does not know this phone's GPU")
        }
    }
}
