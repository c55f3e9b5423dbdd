package org.facestyle.core

import org.json.JSONObject
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

class GoldenTest {
    private val golden = parseGolden(Vectors.text("golden"))
    private val file = "mobile_stylizer_256x320_fp16.tflite"

    private fun error(change: (JSONObject) -> Unit): String? {
        val index = Vectors.read("golden").also(change)
        return assertThrows(BadFile::class.java) { parseGolden(index.toString()).of(file) }.message
    }

    private fun graph(index: JSONObject) = index.getJSONObject("graphs").getJSONObject("stylizer")

    @Test
    fun `a file's pair and limit are found`() {
        val (pair, limit) = golden.of(file)
        assertEquals(listOf("content", "style_code", "strength"), pair.inputs.map { it.name })
        assertEquals("stylizer_content.u8", pair.inputs[0].raw)
        assertEquals(1f, pair.inputs[2].value)
        assertEquals("stylizer_stylized.f32", pair.output.raw)
        assertEquals(1.0, pair.peak, 0.0)
        assertEquals(45.0, limit.leastPsnrDb, 0.0)
    }

    @Test
    fun `the verdict knows half precision, and never lets NaN pass`() {
        val limit = GoldenLimit("stylizer", 80.0, 45.0)
        assertTrue(limit.accepts(80.0, half = false))
        assertFalse(limit.accepts(79.9, half = false))
        assertTrue(limit.accepts(45.0, half = true))
        assertFalse(limit.accepts(44.9, half = true))
        assertTrue(limit.accepts(Double.POSITIVE_INFINITY, half = false))
        assertFalse(limit.accepts(Double.NaN, half = true))
    }

    @Test
    fun `raw files become floats`() {
        val (content, code) = golden.of(file).first.inputs
        val pixels = byteArrayOf(0, 51, -1)
        val unit = ImageRange.UNIT
        assertArrayEquals(floatArrayOf(0f, 0.2f, 1f), content.floats(pixels, unit), 0f)
        val range = ImageRange(-1f, 1f)
        assertArrayEquals(floatArrayOf(-1f, -0.6f, 1f), content.floats(pixels, range), 1e-7f)
        val none = assertThrows(BadFile::class.java) { content.floats(pixels, null) }
        assertEquals("golden.json: stylizer_content.u8 is not of an image", none.message)
        val raw = byteArrayOf(0, 0, -128, 63, 0, 0, 0, -64)
        assertArrayEquals(floatArrayOf(1f, -2f), code.floats(raw, null), 0f)
        val error = assertThrows(BadFile::class.java) { code.floats(ByteArray(7), null) }
        assertEquals("stylizer_style_code.f32: cut off", error.message)
    }

    @Test
    fun `PSNR is ten times the logarithm of peak squared over mean square`() {
        val wanted = FloatArray(100) { it / 100f }
        assertEquals(20.0, psnr(FloatArray(100) { wanted[it] + 0.1f }, wanted, 1.0), 1e-5)
        assertEquals(26.0206, psnr(FloatArray(100) { wanted[it] - 0.1f }, wanted, 2.0), 1e-4)
        val one = wanted.copyOf().also { it[7] += 0.5f }
        assertEquals(26.0206, psnr(one, wanted, 1.0), 1e-4)
        assertEquals(Double.POSITIVE_INFINITY, psnr(wanted, wanted, 1.0), 0.0)
        for (bad in listOf(Float.NaN, Float.NEGATIVE_INFINITY)) {
            assertTrue(psnr(wanted.copyOf().also { it[3] = bad }, wanted, 1.0).isNaN())
        }
        assertThrows(IllegalArgumentException::class.java) { psnr(FloatArray(99), wanted, 1.0) }
    }

    @Test
    fun `each fault has its line`() {
        assertEquals(
            "golden.json: nothing for $file",
            error { it.getJSONObject("files").remove(file) },
        )
        assertEquals(
            "golden.json: no graph stylizer",
            error { it.getJSONObject("graphs").remove("stylizer") },
        )
        assertEquals(
            "golden.json: graphs.stylizer must be an object",
            error { it.getJSONObject("graphs").put("stylizer", 1) },
        )
        assertEquals(
            "golden.json: graphs.stylizer: output is missing",
            error { graph(it).remove("output") },
        )
        assertEquals(
            "golden.json: graphs.stylizer: output: peak must be a number",
            error { graph(it).getJSONObject("output").put("peak", "1") },
        )
        assertEquals(
            "golden.json: graphs.stylizer: inputs[0]: raw must be the name of a .u8 or .f32 file",
            error { graph(it).getJSONArray("inputs").getJSONObject(0).put("raw", "/etc/x.u8") },
        )
        assertEquals(
            "golden.json: graphs.stylizer: inputs[2]: value is missing",
            error { graph(it).getJSONArray("inputs").getJSONObject(2).remove("value") },
        )
    }
}
