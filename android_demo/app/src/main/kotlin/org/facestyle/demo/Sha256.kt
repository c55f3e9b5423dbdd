package org.facestyle.demo

import java.io.InputStream
import java.security.MessageDigest

/** Of all that a stream holds, 64 hexadecimal digits. */
fun sha256(stream: InputStream): String {
    val digest = MessageDigest.getInstance("SHA-256")
    val part = ByteArray(1 shl 16)
    while (true) {
        val read = stream.read(part)
        if (read < 0) break
        digest.update(part, 0, read)
    }
    return digest.digest().joinToString("") { "%02x".format(it) }
}
