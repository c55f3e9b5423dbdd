package org.facestyle.demo

import org.facestyle.core.ModelFile

/** Opens the models of a build on the processor that is wanted. */
class ModelProvider(
    val files: ShippedFiles,
    private val engines: EngineFactory = InterpreterEngine,
) {
    /** Those of the build that paints photos; null where the app has none. */
    val forPhotos: ModelProvider? by lazy { files.forPhotos?.let { ModelProvider(it, engines) } }

    /**
     * The stylizer, on the GPU if that is wanted and can be had, else on the CPU.
     *
     * @throws CannotRun when the CPU cannot run it either.
     */
    fun stylizer(wanted: Processor): Stylizer {
        val file = chosen("stylizer")
        return Stylizer(open(file, wanted), file)
    }

    /** The style encoder, on the CPU: it runs once per painting. */
    fun styleReader(): StyleReader {
        val file = chosen("style_encoder")
        return StyleReader(engines.open(files.model(file), Processor.cpu(DEFAULT_THREADS)), file)
    }

    /** The file of a graph that the app uses: the first of [PRECISIONS] that the build has. */
    fun chosen(graph: String): ModelFile =
        PRECISIONS.firstNotNullOfOrNull { files.build.find(graph, it) }
            ?: throw CannotRun("the app holds no $graph; run `facestyle android BUILD`")

    private fun open(file: ModelFile, wanted: Processor): Engine {
        if (!wanted.gpu) return engines.open(files.model(file), wanted)
        return try {
            engines.open(files.model(file), wanted)
        } catch (_: CannotRun) {
            engines.open(files.model(file), Processor.cpu(DEFAULT_THREADS))
        }
    }

    companion object {
        /** More do not help a model of this size, and leave none to the camera. */
        const val DEFAULT_THREADS = 4

        private val PRECISIONS = listOf("fp16", "fp32", "dynamic")
    }
}
