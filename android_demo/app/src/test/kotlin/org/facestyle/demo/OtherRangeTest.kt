package org.facestyle.demo

import android.content.res.AssetManager
import org.facestyle.core.Golden
import org.facestyle.core.ModelFile
import org.facestyle.core.Port
import org.facestyle.core.parseBuild
import org.facestyle.core.parseGolden
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import java.nio.Buffer
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.FloatBuffer

/** A network whose images are from -1 to 1: its manifest says so, and nothing else. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [34])
class OtherRangeTest {
    /** Two pixels: every channel has another value. */
    private val photo = intArrayOf(rgb(0, 51, 255), rgb(102, 128, 254))
    private val values = floatArrayOf(-1f, -0.6f, 1f, -0.2f, 2 * 128 / 255f - 1, 2 * 254 / 255f - 1)
    private val negative = intArrayOf(rgb(255, 204, 0), rgb(153, 127, 1))

    private fun rgb(red: Int, green: Int, blue: Int) =
        (0xFF shl 24) or (red shl 16) or (green shl 8) or blue

    private class Files(assets: AssetManager) : ShippedFiles(assets) {
        override val build by lazy { parseBuild(MANIFEST) }
        override val golden: Golden by lazy { parseGolden(GOLDEN) }

        override fun model(file: ModelFile): ByteBuffer = ByteBuffer.allocateDirect(0)

        override fun bytes(name: String): ByteArray = when (name.removePrefix("golden/")) {
            "content.u8" -> byteArrayOf(0, 51, -1, 102, -128, -2)
            "style_code.f32" -> ByteArray(4)
            // The same as its negative: what PyTorch would have made of the pixels above.
            "stylized.f32" -> floats(1f, 0.6f, -1f, 0.2f, 1 - 2 * 128 / 255f, 1 - 2 * 254 / 255f)
            else -> super.bytes(name)
        }

        private fun floats(vararg values: Float): ByteArray {
            val bytes = ByteBuffer.allocate(4 * values.size).order(ByteOrder.LITTLE_ENDIAN)
            bytes.asFloatBuffer().put(values)
            return bytes.array()
        }
    }

    /**
     * A runtime whose stylizer makes the negative of a picture, which is only right about the
     * middle of the range, and whose style encoder tells the picture's first value.
     */
    private inner class Negatives(private val middle: Float = 0f) : EngineFactory {
        var given = floatArrayOf()

        override fun open(model: ByteBuffer, processor: Processor) = object : Engine {
            override val processor = processor
            override val inputs = emptyList<Port>()
            override val outputs = inputs

            override fun bind(inputs: Map<String, Buffer>, outputs: Map<String, Buffer>) = {
                val picture = (inputs["content"] ?: inputs.getValue("painting")) as FloatBuffer
                given = FloatArray(picture.capacity()) { picture.get(it) }
                val code = outputs["style_code"] as FloatBuffer?
                code?.put(0, given[0])
                val stylized = outputs["stylized"] as FloatBuffer?
                given.forEachIndexed { i, value -> stylized?.put(i, 2 * middle - value) }
            }

            override fun close() = Unit
        }
    }

    private fun models(engines: EngineFactory) =
        ModelProvider(Files(RuntimeEnvironment.getApplication().assets), engines)

    @Test
    fun `a picture is given in the range, and what is painted is read in it`() {
        val engines = Negatives()
        val painted = IntArray(2)
        models(engines).stylizer(Processor.cpu(1)).use {
            it.paint(photo, Look(FloatArray(1), strength = 1f), painted)
        }
        assertArrayEquals(values, engines.given, 1e-6f)
        assertArrayEquals(negative, painted)
    }

    @Test
    fun `a painting is given in the range`() {
        val engines = Negatives()
        val code = models(engines).styleReader().use {
            assertEquals(1, it.side)
            it.read(photo.copyOf(1))
        }
        assertArrayEquals(values.copyOf(3), engines.given, 1e-6f)
        assertArrayEquals(floatArrayOf(-1f), code, 0f)
    }

    @Test
    fun `the golden pair's pixels are given in the range`() {
        val engines = Negatives()
        val models = models(engines)
        models.stylizer(Processor.cpu(1)).use {
            val verdict = GoldenCheck(models).check(it)
            assertTrue("${verdict.psnrDb} dB", verdict.right)
        }
        assertArrayEquals(values, engines.given, 1e-6f)
    }

    @Test
    fun `a runtime that takes it for 0 to 1 is found`() {
        val models = models(Negatives(middle = 0.5f))
        models.stylizer(Processor.cpu(1)).use {
            val verdict = GoldenCheck(models).check(it)
            assertFalse("${verdict.psnrDb} dB", verdict.right)
        }
    }

    private companion object {
        fun port(name: String, kind: String, shape: String, range: String) =
            """{"name": "$name", "kind": "$kind", "shape": $shape, "dtype": "float32",
                "layout": "NHWC", "range": $range}"""

        fun file(graph: String, inputs: List<String>, outputs: List<String>) =
            """{"file": "toy_${graph}_fp32.tflite", "graph": "$graph", "style": null,
                "format": "tflite", "precision": "fp32", "sha256": "${"0".repeat(64)}", "bytes": 0,
                "inputs": $inputs, "outputs": $outputs}"""

        val CODE = port("style_code", "code", "[1, 1, 1, 1]", "null")
        val STYLIZER = file(
            "stylizer",
            listOf(
                port("content", "image", "[1, 1, 2, 3]", "[-1.0, 1.0]"),
                CODE,
                port("strength", "scalar", "[1, 1, 1, 1]", "[0.0, 1.0]"),
            ),
            listOf(port("stylized", "image", "[1, 1, 2, 3]", "[-1.0, 1.0]")),
        )
        val STYLE_ENCODER = file(
            "style_encoder",
            listOf(port("painting", "image", "[1, 1, 1, 3]", "[-1.0, 1.0]")),
            listOf(CODE),
        )
        val MANIFEST =
            """{"format": "facestyle-build/3", "network": "toy",
                "weights": {"style_fingerprint": "0a1b2c3d4e5f"},
                "files": [$STYLIZER, $STYLE_ENCODER]}"""
        const val GOLDEN =
            """{"format": "facestyle-golden/1", "graphs": {"stylizer": {"inputs": [
                {"name": "content", "kind": "image", "raw": "content.u8"},
                {"name": "style_code", "kind": "code", "raw": "style_code.f32"},
                {"name": "strength", "kind": "scalar", "value": 1.0}],
                "output": {"name": "stylized", "kind": "image", "raw": "stylized.f32", "peak": 2.0}
                }}, "files": {"toy_stylizer_fp32.tflite":
                {"graph": "stylizer", "least_psnr_db": 100, "least_psnr_db_in_half": 45}}}"""
    }
}
