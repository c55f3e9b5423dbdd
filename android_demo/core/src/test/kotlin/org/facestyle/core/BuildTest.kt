package org.facestyle.core

import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Test

class BuildTest {
    private val build = parseBuild(Vectors.text("manifest"))

    private fun error(change: (JSONObject) -> Unit): String? {
        val manifest = Vectors.read("manifest").also(change)
        return assertThrows(BadFile::class.java) { parseBuild(manifest.toString()) }.message
    }

    /** Of the second file, the first for Android. */
    private fun fileError(change: (JSONObject) -> Unit): String? =
        error { change(it.getJSONArray("files").getJSONObject(1)) }

    private fun portError(change: (JSONObject) -> Unit): String? =
        fileError { change(it.getJSONArray("inputs").getJSONObject(0)) }

    @Test
    fun `the files for Android are read`() {
        assertEquals("mobile", build.network)
        assertEquals("0a1b2c3d4e5f", build.weights)
        assertEquals(listOf("fp16", "int8"), build.files.map { it.precision })
        val half = build.find("stylizer", "fp16")!!
        assertEquals("mobile_stylizer_256x320_fp16.tflite", half.file)
        assertEquals(listOf("content", "style_code", "strength"), half.inputs.map { it.name })
        assertEquals(listOf(1, 256, 320, 3), half.input("content").shape)
        assertEquals(128, half.input("style_code").size)
        assertNull(half.output("stylized").quantization)
        assertEquals(256, half.height)
        assertEquals(320, half.width)
        assertEquals(300000L, half.bytes)
    }

    @Test
    fun `int8 files have their scales`() {
        val whole = build.find("stylizer", "int8")!!
        assertEquals(Quantization(0.003921568859368563f, -128), whole.input("content").quantization)
        assertEquals("int8", whole.output("stylized").dtype)
        assertEquals("float32", whole.input("strength").dtype)
    }

    @Test
    fun `images have the range that the manifest says`() {
        assertEquals(ImageRange(0f, 1f), build.files[0].input("content").imageRange)
        assertEquals(ImageRange(0f, 1f), build.files[1].output("stylized").imageRange)
        assertNull(build.files[0].input("strength").range)
        val manifest = Vectors.read("manifest")
        val file = manifest.getJSONArray("files").getJSONObject(1)
        file.getJSONArray("inputs").getJSONObject(0).put("range", listOf(-1, 1))
        file.getJSONArray("outputs").getJSONObject(0).put("range", listOf(0, 255.0))
        val read = parseBuild(manifest.toString()).files[0]
        assertEquals(ImageRange(-1f, 1f), read.input("content").imageRange)
        assertEquals(ImageRange(0f, 255f), read.output("stylized").imageRange)
        val error = assertThrows(BadFile::class.java) { read.input("style_code").imageRange }
        assertEquals("manifest.json: style_code is no image", error.message)
    }

    @Test
    fun `files are found by graph, precision and size`() {
        assertEquals("int8", build.find("stylizer", "int8", width = 320, height = 256)!!.precision)
        assertNull(build.find("stylizer", "int8", width = 256))
        assertNull(build.find("stylizer", "fp32"))
        assertNull(build.find("full", "fp16"))
    }

    @Test
    fun `a missing tensor has its line`() {
        val error = assertThrows(BadFile::class.java) { build.files[0].input("depth") }
        assertEquals(
            "manifest.json: mobile_stylizer_256x320_fp16.tflite has no depth",
            error.message,
        )
    }

    @Test
    fun `each fault has its line`() {
        assertEquals(
            "manifest.json: of format facestyle-build/2; this app reads facestyle-build/3",
            error { it.put("format", "facestyle-build/2") },
        )
        assertEquals("manifest.json: weights must be an object", error { it.put("weights", "x") })
        assertEquals(
            "manifest.json: no .tflite file; export with --formats tflite",
            error { it.getJSONArray("files").apply { remove(2) }.remove(1) },
        )
        assertEquals("manifest.json: files[1]: graph is missing", fileError { it.remove("graph") })
        assertEquals(
            "manifest.json: files[1]: bytes must be an integer",
            fileError { it.put("bytes", 1.5) },
        )
        assertEquals(
            "manifest.json: files[1]: sha256 must be 64 hexadecimal digits",
            fileError { it.put("sha256", "abc") },
        )
        assertEquals(
            "manifest.json: files[1]: file must be the name of a .tflite file",
            fileError { it.put("file", "../x.tflite") },
        )
        assertEquals(
            "manifest.json: files[1]: inputs[0]: shape must be four sides",
            portError { it.put("shape", listOf(1, 2)) },
        )
        assertEquals(
            "manifest.json: files[1]: inputs[0]: shape[1] must be an integer",
            portError { it.put("shape", listOf(1, 2.5, 3, 4)) },
        )
        assertEquals(
            "manifest.json: files[1]: inputs[0]: dtype must be float32 or int8",
            portError { it.put("dtype", "int16") },
        )
        assertEquals(
            "manifest.json: files[1]: inputs[0]: scale is missing",
            portError { it.put("dtype", "int8") },
        )
        assertEquals(
            "manifest.json: files[1]: inputs[0]: scale must be above 0",
            portError { it.put("dtype", "int8").put("scale", 0).put("zero_point", 0) },
        )
        assertEquals(
            "manifest.json: files[1]: inputs[0]: range is missing",
            portError { it.put("range", JSONObject.NULL) },
        )
        for (bad in listOf(listOf(0), listOf(0, 1, 2), listOf(1, 0), listOf(1, 1))) {
            assertEquals(
                "manifest.json: files[1]: inputs[0]: range must be two numbers, the lower first",
                portError { it.put("range", bad) },
            )
        }
        assertEquals(
            "manifest.json: files[1]: inputs[0]: range[1] must be a number",
            portError { it.put("range", listOf(0, "1")) },
        )
    }
}
