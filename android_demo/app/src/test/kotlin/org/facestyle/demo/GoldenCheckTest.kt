package org.facestyle.demo

import org.facestyle.core.Golden
import org.facestyle.core.GoldenLimit
import org.facestyle.core.ModelFile
import org.facestyle.core.Port
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import java.nio.Buffer
import java.nio.FloatBuffer
import kotlin.math.pow

@RunWith(RobolectricTestRunner::class)
@Config(sdk = [26, 34])
class GoldenCheckTest {
    private val assets = RuntimeEnvironment.getApplication().assets
    private val models = ModelProvider(
        object : ShippedFiles(assets) {
            override val golden by lazy {
                Golden(super.golden.pairs, mapOf(file.file to GoldenLimit("stylizer", 60.0, 40.0)))
            }
        },
    )
    private val file: ModelFile = ShippedFiles(assets).build.find("stylizer", "fp16")!!
    private val wanted = models.files.golden.of(file.file).first.output.let {
        it.floats(models.files.bytes("golden/${it.raw}"), range = null)
    }

    /** Gives the wanted picture, each value off by the same. */
    private inner class NearlyRight(override val processor: Processor, val off: Float) : Engine {
        override val version = "made"
        override val inputs = emptyList<Port>()
        override val outputs = inputs

        override fun bind(inputs: Map<String, Buffer>, outputs: Map<String, Buffer>) = {
            val out = outputs.getValue("stylized") as FloatBuffer
            for (i in wanted.indices) out.put(i, wanted[i] + off)
        }

        override fun close() = Unit
    }

    private fun check(db: Double, processor: Processor): GoldenCheck.Verdict {
        val off = 10.0.pow(-db / 20).toFloat()
        return GoldenCheck(models).check(Stylizer(NearlyRight(processor, off), file))
    }

    @Test
    fun `each processor has its own limit`() {
        val onProcessor = check(50.0, Processor.cpu(2))
        assertFalse(onProcessor.right)
        assertEquals(50.0, onProcessor.psnrDb, 0.1)
        assertEquals(60.0, onProcessor.leastDb, 0.0)
        assertTrue(check(50.0, Processor.GPU).right)
        assertTrue(check(61.0, Processor.cpu(2)).right)
        assertFalse(check(39.0, Processor.GPU).right)
    }

    @Test
    fun `what is no number is wrong`() {
        val engine = NearlyRight(Processor.cpu(1), Float.NaN)
        assertFalse(GoldenCheck(models).check(Stylizer(engine, file)).right)
    }
}
