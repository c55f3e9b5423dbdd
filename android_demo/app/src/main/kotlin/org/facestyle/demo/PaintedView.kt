package org.facestyle.demo

import android.content.Context
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Matrix
import android.graphics.Paint
import android.graphics.Path
import android.graphics.RectF
import android.util.AttributeSet
import android.view.MotionEvent
import android.view.View

/** Shows a painted picture, and the original as long as a finger (or a click) holds it. */
class PaintedView @JvmOverloads constructor(context: Context, attributes: AttributeSet? = null) :
    View(context, attributes) {

    /** Called when the original appears (true) and disappears. */
    var onCompare: (Boolean) -> Unit = {}

    private val smooth = Paint(Paint.FILTER_BITMAP_FLAG)
    private val placement = Matrix()
    private val source = RectF()
    private val target = RectF()
    private val outline = Path()
    private val corner = CORNER_DP * resources.displayMetrics.density
    private var photo: Bitmap? = null
    private var painted: Bitmap? = null
    private var comparing = false
        set(value) {
            if (field == value) return
            field = value
            onCompare(value)
            invalidate()
        }

    /** Shows a picture and its original, both ARGB and row by row; from any thread. */
    fun show(photoPixels: IntArray, paintedPixels: IntArray, width: Int, height: Int) {
        synchronized(this) {
            photo = photo.filledWith(photoPixels, width, height)
            painted = painted.filledWith(paintedPixels, width, height)
        }
        postInvalidateOnAnimation()
    }

    /** Shows nothing. */
    fun clear() {
        synchronized(this) {
            photo = null
            painted = null
        }
        postInvalidateOnAnimation()
    }

    override fun onDraw(canvas: Canvas) {
        synchronized(this) {
            val bitmap = (if (comparing) photo else painted) ?: return
            source.set(0f, 0f, bitmap.width.toFloat(), bitmap.height.toFloat())
            target.set(0f, 0f, width.toFloat(), height.toFloat())
            placement.setRectToRect(source, target, Matrix.ScaleToFit.CENTER)
            placement.mapRect(target, source)
            outline.rewind()
            outline.addRoundRect(target, corner, corner, Path.Direction.CW)
            canvas.clipPath(outline)
            canvas.drawBitmap(bitmap, placement, smooth)
        }
    }

    override fun onTouchEvent(event: MotionEvent): Boolean {
        when (event.actionMasked) {
            MotionEvent.ACTION_DOWN -> comparing = true
            MotionEvent.ACTION_UP -> {
                comparing = false
                performClick()
            }
            MotionEvent.ACTION_CANCEL -> comparing = false
        }
        return true
    }

    override fun performClick(): Boolean = super.performClick()

    private fun Bitmap?.filledWith(pixels: IntArray, width: Int, height: Int): Bitmap {
        val bitmap = this?.takeIf { it.width == width && it.height == height }
            ?: Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888)
        bitmap.setPixels(pixels, 0, width, 0, 0, width, height)
        return bitmap
    }

    private companion object {
        const val CORNER_DP = 12
    }
}
