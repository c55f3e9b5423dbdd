package org.facestyle.core

import java.nio.Buffer

/**
 * Moves a buffer's position.
 *
 * Through [Buffer] on purpose: since Java 9 the subclasses override `position` with their own
 * result type, and a call compiled against those crashes on Android 8, which has none of them.
 */
internal fun Buffer.moveTo(index: Int) {
    position(index)
}
