package org.facestyle.demo

import org.facestyle.core.GoldenValue
import org.facestyle.core.Port
import org.facestyle.core.psnr

/** Whether this phone computes what PyTorch did when the model was exported. */
class GoldenCheck(private val models: ModelProvider) {

    /** @property psnrDb of the phone's output; [leastDb] is what it must have to be [right]. */
    data class Verdict(val psnrDb: Double, val leastDb: Double, val right: Boolean)

    /**
     * Checks the first time that a model runs on a processor; [settings] know of earlier ones.
     *
     * @return null where it is right.
     */
    fun once(stylizer: Stylizer, settings: Settings): Verdict? {
        val file = models.chosen("stylizer")
        if (settings.wasRight(file, stylizer.processor)) return null
        val verdict = check(stylizer)
        if (verdict.right) settings.keepRight(file, stylizer.processor)
        return verdict.takeUnless { it.right }
    }

    /** Runs [stylizer] on the golden pair's inputs. */
    fun check(stylizer: Stylizer): Verdict {
        val files = models.files
        val file = models.chosen("stylizer")
        val (pair, limit) = files.golden.of(file.file)
        val inputs = pair.inputs.associateBy { it.name }
        val found = stylizer.values { name ->
            val input = inputs.getValue(name)
            input.value?.let { floatArrayOf(it) } ?: floats(input, file.input(name))
        }
        val wanted = floats(pair.output, file.output(pair.output.name))
        val reached = psnr(found, wanted, pair.peak)
        val half = stylizer.processor.gpu
        val least = if (half) limit.leastPsnrDbInHalf else limit.leastPsnrDb
        return Verdict(reached, least, limit.accepts(reached, half))
    }

    private fun floats(value: GoldenValue, port: Port) =
        value.floats(models.files.bytes("golden/${value.raw}"), port.range)
}
