package org.facestyle.demo

import android.Manifest
import android.app.Activity
import android.content.Intent
import android.content.pm.PackageManager
import android.net.Uri
import android.provider.Settings as SystemSettings

/** Asks for the camera, says why, and where to go once it was refused for good. */
class CameraPermission(
    private val activity: Activity,
    private val message: MessageCard,
    private val onGranted: () -> Unit,
) {
    val granted: Boolean
        get() = activity.checkSelfPermission(CAMERA) == PackageManager.PERMISSION_GRANTED

    /** Says what it is for, and asks when people agree. */
    fun ask() = message.show(activity.getString(R.string.allow_camera), R.string.allow) {
        activity.requestPermissions(arrayOf(CAMERA), REQUEST)
    }

    /** What [Activity.onRequestPermissionsResult] has been told. */
    fun answered(request: Int, results: IntArray) = when {
        // Nobody has answered: it was interrupted.
        request != REQUEST || results.isEmpty() -> Unit
        results[0] == PackageManager.PERMISSION_GRANTED -> onGranted()
        activity.shouldShowRequestPermissionRationale(CAMERA) -> ask()
        else -> message.show(activity.getString(R.string.camera_denied), R.string.open_settings) {
            val page = Uri.fromParts("package", activity.packageName, null)
            activity.startActivity(Intent(SystemSettings.ACTION_APPLICATION_DETAILS_SETTINGS, page))
        }
    }

    private companion object {
        const val CAMERA = Manifest.permission.CAMERA
        const val REQUEST = 4
    }
}
